module.exports.Orders1767225600000 = class Orders1767225600000 {
  name = "Orders1767225600000";
  async up(runner) { await runner.query(`CREATE TABLE orders (id serial PRIMARY KEY, side text NOT NULL CONSTRAINT known_side CHECK (side IN ('buy', 'sell')))`); }
  async down(runner) { await runner.query(`DROP TABLE orders`); }
};

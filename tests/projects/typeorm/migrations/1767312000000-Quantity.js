module.exports.Quantity1767312000000 = class Quantity1767312000000 {
  name = "Quantity1767312000000";
  async up(runner) { await runner.query(`ALTER TABLE orders ADD quantity int NOT NULL DEFAULT 1`); }
  async down(runner) { await runner.query(`ALTER TABLE orders DROP quantity`); }
};

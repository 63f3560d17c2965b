exports.up = (knex) => knex.schema.createTable("orders", (table) => {
  table.increments("id");
  table.text("side").notNullable();
  table.check("side IN ('buy', 'sell')", [], "known_side");
});
exports.down = (knex) => knex.schema.dropTable("orders");

exports.up = (knex) => knex.schema.alterTable("orders", (table) => table.index("side", "orders_by_side"));
exports.down = (knex) => knex.schema.alterTable("orders", (table) => table.dropIndex("side", "orders_by_side"));

exports.up = (knex) => knex.schema.alterTable("orders", (table) => table.integer("quantity").notNullable().defaultTo(1));
exports.down = (knex) => knex.schema.alterTable("orders", (table) => table.dropColumn("quantity"));

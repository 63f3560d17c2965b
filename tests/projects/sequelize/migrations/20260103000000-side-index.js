module.exports = {
  async up(queryInterface) { await queryInterface.addIndex("orders", ["side"], { name: "orders_by_side" }); },
  async down(queryInterface) { await queryInterface.removeIndex("orders", "orders_by_side"); },
};

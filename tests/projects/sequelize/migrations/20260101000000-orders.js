module.exports = {
  async up(queryInterface, Sequelize) {
    await queryInterface.createTable("orders", {
      id: { type: Sequelize.INTEGER, primaryKey: true, autoIncrement: true },
      side: { type: Sequelize.TEXT, allowNull: false },
    });
    await queryInterface.addConstraint("orders", {
      type: "check", name: "known_side", fields: ["side"], where: { side: ["buy", "sell"] },
    });
  },
  async down(queryInterface) { await queryInterface.dropTable("orders"); },
};

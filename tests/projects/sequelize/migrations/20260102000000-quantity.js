module.exports = {
  async up(queryInterface, Sequelize) {
    await queryInterface.addColumn("orders", "quantity", { type: Sequelize.INTEGER, allowNull: false, defaultValue: 1 });
  },
  async down(queryInterface) { await queryInterface.removeColumn("orders", "quantity"); },
};

from django.db import models


class Order(models.Model):
    side = models.TextField(db_index=True)
    quantity = models.IntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(side__in=["buy", "sell"]), name="known_side")]

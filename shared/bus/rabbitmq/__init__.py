"""Implements the bus port over RabbitMQ."""

"""Reminders: a daily digest of what is due, and the escalation of what is overdue."""

"""Readers of tables: CSV, Parquet, Arrow IPC and Delta Lake."""

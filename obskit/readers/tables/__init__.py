"""Tables: CSV, Parquet, Arrow IPC, Delta Lake."""

"""What people read: tables, HTML, CSV and JSON."""

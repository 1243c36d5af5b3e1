"""Which workstations a lab has, and the inventory that names them."""

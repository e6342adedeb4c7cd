"""`governance probe`: what no document settles, asked of AWS itself."""

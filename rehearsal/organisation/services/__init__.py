"""What each emulated service answers; importing this package fills the served table."""

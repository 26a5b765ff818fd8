"""What every service shares and no service owns. Knows no business word."""

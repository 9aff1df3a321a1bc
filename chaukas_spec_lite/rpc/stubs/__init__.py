"""What generated services stand on."""

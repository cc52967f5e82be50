"""What machines of one's own cost a month, and from which volume they are cheaper."""

"""Open LCLS-I X-ray runs, look at them, sum them."""

"""Trade execution: prices orders, has them cleared for fraud, books them and confirms them."""

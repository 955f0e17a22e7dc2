"""Tables: readers, roles of columns, splits, preprocessing."""

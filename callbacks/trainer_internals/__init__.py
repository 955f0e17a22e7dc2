"""Everything that reaches into Lightning's insides: the one folder that an upgrade of Lightning opens."""

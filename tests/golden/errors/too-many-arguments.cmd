skiff version extra

skiff version --nosuch

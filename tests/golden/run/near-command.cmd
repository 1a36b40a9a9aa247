skiff rnu

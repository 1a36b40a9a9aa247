skiff __complete; skiff __complete nosuch ""; skiff __complete version x

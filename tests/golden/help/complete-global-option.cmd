skiff __complete --st; skiff __complete --root ""; skiff __complete --config=x

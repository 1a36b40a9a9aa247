skiff __complete vers; skiff __complete --root /x hel

skiff | sed -n 1,3p; skiff -h | sed -n 1p

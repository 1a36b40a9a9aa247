skiff __man version | head -n 8

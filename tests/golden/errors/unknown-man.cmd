skiff __man nosuch

skiff __complete help versio

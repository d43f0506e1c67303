"""Who decides: table readers now; language models, trained networks and humans later."""

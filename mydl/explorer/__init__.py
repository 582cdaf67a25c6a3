"""The explorer: a network and one image, forwards and backwards, as a page that shows every number."""

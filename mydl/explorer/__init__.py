"""The explorer: a page that shows every number of a network and one image, both ways."""

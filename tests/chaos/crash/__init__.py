"""The crash matrix: parts of a Karla are killed under load, and nothing may be lost, invented or wrong."""

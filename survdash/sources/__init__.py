"""The door: files of other people and programs, read and checked once."""

"""The build room: turns the pages into static files, once, for every port and host."""

"""Every page of the site and the console, looked at with a browser as people do."""

"""Results of trading and references of others for the tests of research."""

"""Where weights come from: files inside the package, names of models, their licences."""

"""The configuration as a package of YAML files: ``hydra.initialize_config_module("practicum.conf")`` composes from it."""

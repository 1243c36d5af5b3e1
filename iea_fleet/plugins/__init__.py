"""Ansible plugins, in Ansible's own layout: the directory is named to Ansible, the files are loaded by path."""

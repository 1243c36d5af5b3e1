"""A site's file server in the lab: the database's folder, served by samba or by the lab's own rules."""

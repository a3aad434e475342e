"""Archives: tar and ZIP, read member by member; nothing is extracted to a path of the archive's choosing."""

"""What the JSON formats of spans share: documents cut into pieces, tags, ids."""

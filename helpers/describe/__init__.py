"""Records in, one-sentence descriptions out: alt text, captions and status lines."""

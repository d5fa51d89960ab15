"""The pages that are made from the code: configuration, vocabulary, and one page for each dialect."""

"""The sample story: several consortia over two years, told on a demo clock; tests and demo share it."""

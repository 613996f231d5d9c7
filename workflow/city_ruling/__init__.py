"""The city's bureaus rule jointly whether a consortium is close-integrated, and confirm it by a joint document."""

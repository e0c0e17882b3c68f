"""What spoils training: every detector looks at one thing and says what it found."""

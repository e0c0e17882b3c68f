"""Who asks a person for help, and until when: one method per file behind `gate.Gate`."""

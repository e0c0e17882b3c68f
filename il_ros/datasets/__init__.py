"""Episodes as a LeRobotDataset v3.0: conversion, reading, inspection."""

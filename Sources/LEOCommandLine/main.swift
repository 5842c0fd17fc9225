print("leo")

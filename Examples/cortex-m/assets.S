// What the firmware carries in flash. ASSETS is the folder that build.sh has filled.
  .section .assets, "a"
  .macro asset name, file
  .balign 64
  .global \name
  .global \name\()_end
\name:
  .incbin "\file"
\name\()_end:
  .endm
  asset task_file, task.tnn
  asset photos, photos.rgb

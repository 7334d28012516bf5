#!/bin/sh
# Makes small files of one kind for the fuzzers to begin with: seeds.sh TARGET FOLDER
set -e
cd "$(dirname "$0")/../../.."
target=$1 folder=$2 command=${EDGESSL:-.build/release/edgessl}
limit=16384

# A photo of a colour with noise, as PPM.
photo() {
  LC_ALL=C awk -v r=$1 -v g=$2 -v b=$3 -v seed=$4 'BEGIN {
    srand(seed); printf "P6\n12 10\n255\n"
    for (i = 0; i < 120; i++) printf "%c%c%c", r + 1 + int(rand() * 60), g + 1 + int(rand() * 60), b + 1 + int(rand() * 60)
  }'
}

# Tasks of every kind on the small encoder $1, as $2-*.tnn.
tasks() {
  "$command" import $1 -o $folder/encoder --mean 127.5 --std 127.5
  for method in prototype centred power lda ridge logistic knn; do
    "$command" adapt $folder/photos --model $folder/encoder --method $method -o $folder/$2-$method.tnn || true
  done
  cp $folder/$2-prototype.tnn $folder/$2-history.tnn
  "$command" classes $folder/$2-history.tnn --rename red=rot
  "$command" classes $folder/$2-history.tnn --remove blue
  "$command" adapt $folder/photos --model $folder/encoder --method finetune --steps 2 --views 1 -o $folder/$2-trained.tnn || true
  "$command" quantize $folder/encoder --calibration $folder/photos -o $folder/int8 \
    && "$command" adapt $folder/photos --model $folder/int8 -o $folder/$2-int8.tnn || true
  rm -f $folder/encoder $folder/int8
}

{
  case $target in
  import | model)
    for model in Tests/Golden/*/model.onnx; do
      [ $(wc -c < $model) -le 8192 ] || continue
      name=$folder/$(basename $(dirname $model))
      if [ $target = import ]; then cp $model $name.onnx; else "$command" import $model -o $name.tnn || true; fi
    done
    ;;
  task)
    for number in 1 2 3; do
      mkdir -p $folder/photos/red $folder/photos/green $folder/photos/blue
      photo 150 0 0 1$number > $folder/photos/red/$number.ppm
      photo 0 150 0 2$number > $folder/photos/green/$number.ppm
      photo 0 0 150 3$number > $folder/photos/blue/$number.ppm
    done
    for case in classifier_as_conv bytes_in_planes channels_last_wide; do tasks Tests/Golden/$case/model.onnx $case; done
    rm -r $folder/photos
    ;;
  photo)
    for image in Tests/Golden/images/*.jpg Tests/Golden/images/*.png Tests/Golden/images/*.p?m; do
      [ $(wc -c < $image) -gt $limit ] || cp $image $folder/
    done
    ;;
  array)
    for array in Tests/Golden/*/*.npy; do
      [ $(wc -c < $array) -gt 512 ] || cp $array $folder/$(basename $(dirname $array))-$(basename $array)
    done
    ;;
  esac
} > /dev/null 2> $folder/../seeds.log
